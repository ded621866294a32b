/* The report in the browser: choose a month, print, open the cases of a grid, leave the drawer by Esc. */
(function () {
  "use strict";
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.report = {
    go: (period, key) => (!period || (key && key.period === period) ? window.dash_clientside.no_update : "/report?m=" + period),
    print: () => { window.print(); return window.dash_clientside.no_update; },
    grid: (click) => {
      const point = click && click.points && click.points[0];
      return point && point.customdata ? "#e/" + point.customdata : window.dash_clientside.no_update;
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.getElementById("report") && location.hash.startsWith("#e/")) location.hash = "";
  });
})();
