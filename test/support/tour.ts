import { merge, proposeEdit, review, type Checkout } from "../../cli/tour/acts.ts";
import { NEW_IMAGE, type Tour } from "../../cli/tour/stage-set.ts";

/** Prod gets the new image by a person's pull request, without the way through dev. */
export async function pinProd(tour: Tour): Promise<Checkout> {
  const pull = await proposeEdit(tour, {
    title: "prod: the new image",
    branch: "new-image",
    path: "releases/prod.yaml",
    edit: (text) =>
      text.replace("generation: 1", "generation: 2").replace("202606.16.0", NEW_IMAGE),
  });
  await review(tour, "prod", pull);
  return merge(tour, pull);
}
