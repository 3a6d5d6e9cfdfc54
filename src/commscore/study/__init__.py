"""AnnData → cells, groups, samples, conditions, design and roles, checked: what every tool starts from.

Modules are imported one by one by the tools; nothing here is public.
"""
