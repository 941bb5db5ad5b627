"""Reports on style transfer: quality scores, loss curves, animations, pages and pictures.

Stands on `style`, Pillow and matplotlib. No transfer needs it.
"""
