def add(app, plugins):
    pass
