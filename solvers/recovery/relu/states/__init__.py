"""Layers behind a first layer that does not expand, searched over its states h_1 >= 0, which inputs reach freely."""
