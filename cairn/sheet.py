def write_sheet(path, finished, means, directory):
    path.write_text("x")
    return path
