"""The order of things: prepare, decide, launch, close. Only this package knows the order, and only it touches the store."""
