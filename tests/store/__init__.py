import netlift.store  # noqa: F401 -- sets Django up before a test imports its models
