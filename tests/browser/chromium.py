"""How every browser test starts Chromium, and the sizes at which each page is looked at."""

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZES = {"phone": (390, 844), "laptop": (1280, 800)}
SCREENS = {"portrait": (1080, 1920), "landscape": (1280, 800)}
"""A kiosk's."""
