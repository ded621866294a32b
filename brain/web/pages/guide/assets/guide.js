// 怎样接入: copying an example, choosing whose codes are filled in, and folding examples and tables on a narrow screen.
(() => {
  "use strict";

  /** Copies a text; without the clipboard interface (a page over plain HTTP) through a field that is selected. */
  async function copy(text) {
    if (navigator.clipboard) {
      return navigator.clipboard.writeText(text).then(() => true, () => false);
    }
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    field.style.opacity = "0";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("#guide [data-do=copy]");
    if (!button) return;
    const done = await copy(button.dataset.text);
    button.textContent = done ? "已复制" : "请手工选取";
    setTimeout(() => { button.textContent = "复制"; }, 1500);
  });

  /** Where all of them would be metres long, only the first example stands open; each once, so that what was opened stays open. */
  const seen = new WeakSet();
  new MutationObserver(() => {
    const first = document.querySelector("#guide .example");
    for (const one of document.querySelectorAll("#guide details")) {
      if (seen.has(one)) continue;
      seen.add(one);
      if (one !== first && window.matchMedia("(max-width: 600px)").matches) one.open = false;
    }
  }).observe(document.documentElement, {childList: true, subtree: true});

  document.addEventListener("change", (event) => {
    if (event.target.matches("#guide [data-do=choose]")) event.target.form.submit();
  });
})();
