document.title = "Rollcall"
