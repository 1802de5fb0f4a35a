import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes and https servers are started by many tests: give slow machines room, never assert time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // forks: NODE_EXTRA_CA_CERTS is read at process start, so worker threads would not trust the local CA.
    pool: "forks",
    // Most tests wait for processes they started: all cores, where the default leaves one idle.
    maxWorkers: "100%",
  },
});
