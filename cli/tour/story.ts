/** What the tour tells while it runs. */
export interface Story {
  chapter(title: string): void;
  say(line: string): void;
  /** Output of a step, indented. */
  detail(text: string): void;
}

export function createStory(write: (line: string) => void): Story {
  let chapters = 0;
  return {
    chapter: (title) => write(`\n${++chapters}. ${title}`),
    say: (line) => write(`   ${line}`),
    detail: (text) => {
      for (const line of text.split("\n").filter((one) => one.trim() !== "")) write(`   | ${line}`);
    },
  };
}

export const silentStory: Story = { chapter() {}, say() {}, detail() {} };
