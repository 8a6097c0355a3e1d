// Moves the reader to the list of what needs fixing after a form came back.
document.querySelector(".errors")?.focus();
