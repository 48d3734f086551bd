// Renews the part of a page that changes, every two seconds as long as it says that it goes on.
"use strict";
const PAUSE = 2000;

async function renew(part) {
  try {
    const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      part.replaceChildren(...fresh.body.childNodes);
    } else {
      return; // signed out, or no longer allowed: the page stays as it is
    }
  } catch {
    // the server is away for a moment: ask again
  }
  again(part);
}

function again(part) {
  if (part.querySelector("[data-goes-on]")) {
    setTimeout(() => (document.hidden ? again(part) : renew(part)), PAUSE);
  }
}

document.querySelectorAll("[data-live]").forEach(again);
