"""PostgreSQL: psycopg for questions and swaps, PostgreSQL's own programs for dumping and loading."""
