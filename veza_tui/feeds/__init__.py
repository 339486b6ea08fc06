import logging

# Without a handler of their own, warnings of libraries' users would be printed over the screen.
logging.getLogger("veza_tui").addHandler(logging.NullHandler())
