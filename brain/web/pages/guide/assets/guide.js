// 怎样接入: copying an example, and choosing whose codes are filled in.
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

  document.addEventListener("change", (event) => {
    if (event.target.matches("#guide [data-do=choose]")) event.target.form.submit();
  });
})();
