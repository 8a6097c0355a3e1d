// Reveals the "Copy" buttons beside addresses. Without it, people select the text by hand.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) {
    break;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    const box = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(box.value);
      button.textContent = button.dataset.copied;
    } catch {
      box.select();
    }
  });
}
