"""What a build consists of, and under which licences."""
