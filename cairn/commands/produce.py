def produce():
    pass
