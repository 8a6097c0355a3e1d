// In the rota's grid, arrow keys go from one cell's button or link to the next. The Tab key goes
// through them all without this.
const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function goOn(event) {
  const cell = event.target.closest("td");
  const step = STEPS[event.key];
  if (!cell || !step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) {
    return;
  }
  event.preventDefault();
  const rows = cell.closest("tbody").rows;
  let row = cell.parentElement.sectionRowIndex + step[0];
  let column = cell.cellIndex + step[1];
  while (rows[row]?.cells[column]) {
    const next = rows[row].cells[column].querySelector("td > a, td > button");
    if (next) {
      next.focus();
      return;
    }
    row += step[0];
    column += step[1];
  }
}

document.querySelector(".grid")?.addEventListener("keydown", goOn);

// After a place was taken from a list that was folded, it is open again.
const day = location.hash && document.getElementById(location.hash.slice(1))?.closest("details");
if (day && !day.open) {
  day.open = true;
  document.getElementById(location.hash.slice(1)).scrollIntoView();
}
