// Interactive figures take the place of the still ones when they come into view.
(() => {
  const draw = place => {
    if (place.dataset.drawn) return;
    place.dataset.drawn = 'yes';
    const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    const live = place.querySelector('.live');
    place.classList.add('is-live');
    // Where nothing can hover, plotly would show its buttons always, and over the title.
    const buttons = matchMedia('(hover: hover)').matches ? {} : {displayModeBar: false};
    Plotly.newPlot(live, figure.data, figure.layout, {...figure.config, ...buttons})
      .then(() => figure.frames && Plotly.addFrames(live, figure.frames));
  };
  const watch = new IntersectionObserver(entries => entries.forEach(entry => entry.isIntersecting && draw(entry.target)));
  document.querySelectorAll('[data-figure]').forEach(place => watch.observe(place));
})();
