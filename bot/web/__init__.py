"""The web door: where Telegram pushes updates, and where whoever watches the process looks."""
