"""Front: home, help, privacy, accessibility, the law, the offline page, the manifest, health, and the living style page."""
