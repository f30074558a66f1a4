// Shows the stills of an interval one after the other, under a slider. Without it the stills remain.
for (const film of document.querySelectorAll(".film")) {
  const player = film.querySelector(".player");
  const stamps = [...film.querySelectorAll("[data-stamp]")].map((one) => one.dataset.stamp);
  const legends = player.querySelectorAll(".legend");
  const rows = [...film.querySelectorAll(".stills tbody tr")].map((row, place) => {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const image = document.createElement("img");
    caption.textContent = row.querySelector("th").textContent;
    figure.append(image, caption);
    legends[place < 3 ? 0 : 1].before(figure);
    return { image, stills: [...row.querySelectorAll("img")] };
  });
  const slider = player.querySelector("input");
  const button = player.querySelector("button");
  const told = player.querySelector("output");
  let timer = 0;
  const show = () => {
    const place = Number(slider.value);
    for (const row of rows) {
      row.image.src = row.stills[place].src;
      row.image.alt = row.stills[place].alt;
    }
    told.textContent = stamps[place];
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  slider.addEventListener("input", () => { stop(); show(); });
  button.addEventListener("click", () => {
    if (timer) { stop(); return; }
    button.textContent = "Pause";
    timer = setInterval(() => {
      slider.value = (Number(slider.value) + 1) % stamps.length;
      show();
    }, 600);
  });
  slider.value = Math.floor(stamps.length / 2);
  show();
  player.hidden = false;
  film.classList.add("playing");
}
