"""How the host computes: its cores (`parallel`), its memory (`memory`), its products (`products`).

Stands on NumPy and threadpoolctl. Everything above works without knowing this room; it is faster
for it.
"""
