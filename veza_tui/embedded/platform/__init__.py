"""The demo platform: real PostgreSQL and Valkey, the services in the pods, incidents, and their lifecycle."""
