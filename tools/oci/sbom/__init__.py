"""Bills of materials of images, from the locks and the graph."""
