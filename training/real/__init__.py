"""Real series from public packages: the reviewed recipe, how a table becomes series, and the guard against leaks."""
