// The JavaScript of the screens and of the phone: eslint's recommended rules, and the names that each of them may use.
// `make lint` runs it from the root of the project (scripts/eslint.sh); nothing of it is shipped.

import js from "@eslint/js";
import globals from "globals";

const PHONE = ["brain/web/phone/*.js"];
const WORKER = "brain/web/phone/sw.js";
const usual = {
  linterOptions: { reportUnusedDisableDirectives: "error" },
  rules: { ...js.configs.recommended.rules, "no-undef": "error", "no-unused-vars": "error" },
};
const spoken = (sourceType, globals) => ({ languageOptions: { ecmaVersion: 2022, sourceType, globals } });

export default [
  // The screens: Dash loads these as plain scripts, with names of its own beside the browser's.
  {
    files: ["brain/**/*.js"],
    ignores: PHONE,
    ...spoken("script", { ...globals.browser, dash_clientside: "writable", Plotly: "readonly" }),
    ...usual,
  },
  { files: PHONE, ignores: [WORKER], ...spoken("module", globals.browser), ...usual },
  { files: [WORKER], ...spoken("script", globals.serviceworker), ...usual },
];
