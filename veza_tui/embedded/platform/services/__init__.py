"""What runs in the pods: three services which really answer over HTTP and really need the database and the cache."""
