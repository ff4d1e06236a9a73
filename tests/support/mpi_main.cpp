namespace confer {}
