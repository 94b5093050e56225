"""What a repository that uses this one gets: builders, embedding, images."""
