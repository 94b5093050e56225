"""What configure answers for other builds: questions to a compiler, answers, pyconfig.h."""
