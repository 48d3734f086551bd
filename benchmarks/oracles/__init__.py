"""Numbers of other libraries, and the scripts that made them."""
