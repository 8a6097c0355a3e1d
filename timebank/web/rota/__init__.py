"""Pages about the rota: claiming, My turns, the grid, and the day itself."""
