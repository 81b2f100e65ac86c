"""Pictures of goods: a drawing for each kind of goods, in colours of its own for each."""

_DRAWINGS = {
    "Kitchen & dining": '<path d="M52 78h72v34a28 28 0 0 1-28 28H80a28 28 0 0 1-28-28z"/>'
    '<path d="M124 86h10a16 16 0 0 1 0 32h-10" class="l"/><path d="M74 62q-6-8 0-16M92 62q-6-8 0-16" class="l"/>',
    "Home": '<path d="M68 148h64M100 148v-34" class="l"/><path d="M78 114h44l-10-58H88z"/>'
    '<circle cx="100" cy="126" r="5" class="n"/>',
    "Garden": '<path d="M66 108h68l-9 42H75z"/><path d="M100 108V72" class="l"/>'
    '<path d="M100 84c-4-22-22-26-32-26 0 20 14 30 32 26zM100 78c4-22 22-26 32-26 0 20-14 30-32 26z" class="n"/>',
    "Party & gifts": '<path d="M58 92h84v56H58z"/><path d="M52 74h96v20H52z" class="n"/>'
    '<path d="M100 74v74" class="w"/>'
    '<path d="M100 72c-30-2-28-30-10-26 8 2 10 14 10 26zM100 72c30-2 28-30 10-26-8 2-10 14-10 26z" class="l"/>',
    "Stationery & craft": '<path d="M64 48h64a8 8 0 0 1 8 8v92H64z"/><path d="M64 48v100" class="w"/>'
    '<path d="M80 76h40M80 92h40M80 108h26" class="w"/><path d="M132 150l22-66 10 4-22 66-12 8z" class="n"/>',
    "Bags & jewellery": '<path d="M60 86h80l10 62H50z"/><path d="M80 96V76a20 20 0 0 1 40 0v20" class="l"/>'
    '<circle cx="100" cy="116" r="7" class="n"/>',
    "Toys & children": '<circle cx="100" cy="112" r="36"/><circle cx="72" cy="74" r="16"/>'
    '<circle cx="128" cy="74" r="16"/>'
    '<circle cx="88" cy="106" r="4" class="n"/><circle cx="112" cy="106" r="4" class="n"/>'
    '<path d="M88 124q12 10 24 0" class="w"/>',
}
_OTHER = '<path d="M56 84l44-24 44 24v50l-44 24-44-24z"/><path d="M56 84l44 24 44-24M100 108v50" class="w"/>'


def picture(key: int, path: str) -> str:
    """Return the drawing (SVG) for a good of a category."""
    hue = key * 47 % 360
    looks = {
        "l": f'fill="none" stroke-width="6" stroke-linecap="round" stroke="hsl({hue},45%,45%)"',
        "w": f'fill="none" stroke-width="6" stroke-linecap="round" stroke="hsl({hue},60%,92%)"',
        "n": f'fill="hsl({hue},55%,32%)"',
    }
    drawing = _DRAWINGS.get(path.partition(" > ")[0], _OTHER)
    for name, look in looks.items():
        drawing = drawing.replace(f'class="{name}"', look)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="200" height="200">'
        f'<rect width="200" height="200" fill="hsl({hue},45%,92%)"/>'
        f'<circle cx="100" cy="100" r="78" fill="hsl({hue},50%,87%)"/>'
        f'<g fill="hsl({hue},48%,55%)">{drawing}</g></svg>'
    )
