"use strict";
(() => {
  document.documentElement.classList.add("js");

  const nearest = (times, time) => {
    let best = 0;
    times.forEach((one, at) => {
      if (Math.abs(one - time) < Math.abs(times[best] - time)) best = at;
    });
    return best;
  };
  const fill = (pattern, time) => pattern.replace("{time}", time.toFixed(2));

  for (const viewer of document.querySelectorAll(".viewer")) {
    const steps = JSON.parse(viewer.dataset.times);
    const slider = viewer.querySelector("input.time");
    const shown = viewer.querySelector(".scrub output");
    const frames = [...viewer.querySelectorAll(".frame")];
    const frameTimes = frames.map((frame) => Number(frame.dataset.time));
    const courses = [...viewer.querySelectorAll(".course")].map((figure) => ({
      figure,
      times: JSON.parse(figure.dataset.times),
      values: JSON.parse(figure.dataset.values),
      line: figure.querySelector(".cursor"),
      at: figure.querySelector(".at"),
    }));

    const show = () => {
      const time = steps[Number(slider.value)];
      let said = fill(viewer.dataset.at, time);
      if (frames.length) {
        const near = nearest(frameTimes, time);
        frames.forEach((frame, at) => { frame.hidden = at !== near; });
        if (Math.abs(frameTimes[near] - time) > 0.005) {
          said += " (" + fill(viewer.dataset.nearest, frameTimes[near]) + ")";
        }
      }
      shown.value = said;
      slider.setAttribute("aria-valuetext", said);
      for (const course of courses) {
        const { left, right, start, end } = course.figure.dataset;
        const share = (time - start) / Math.max(end - start, 1e-9);
        const inside = share >= 0 && share <= 1;
        const x = Number(left) + share * (right - left);
        course.line.toggleAttribute("hidden", !inside);
        course.line.setAttribute("x1", x);
        course.line.setAttribute("x2", x);
        const value = course.values[nearest(course.times, time)];
        course.at.textContent = inside && value !== null ? Number(value.toPrecision(3)) : "–";
      }
    };
    slider.addEventListener("input", show);
    show();

    const strength = viewer.querySelector("input.strength");
    const maps = [...viewer.querySelectorAll(".overlay")];
    for (const box of viewer.querySelectorAll("input[data-overlay]")) {
      box.addEventListener("change", () => {
        maps[Number(box.dataset.overlay)].hidden = !box.checked;
      });
    }
    const fade = () => maps.forEach((map) => { map.style.opacity = strength.value / 100; });
    if (strength) {
      strength.addEventListener("input", fade);
      fade();
    }
  }

  for (const figure of document.querySelectorAll(".compare")) {
    const slider = figure.querySelector("input.slide");
    const pair = figure.querySelector(".pair");
    const slide = () => {
      pair.style.setProperty("--at", slider.value + "%");
      slider.setAttribute(
        "aria-valuetext",
        slider.value + " % " + slider.dataset.left + ", " + (100 - slider.value) + " % " + slider.dataset.right,
      );
    };
    slider.addEventListener("input", slide);
    slide();
  }
})();
