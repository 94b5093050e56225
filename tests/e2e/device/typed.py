"""Reads lines from a terminal with line editing. Prints each as Python writes it, and what was remembered."""
import readline

readline.add_history("from history")
readline.set_completer(lambda text, state: [f"{text}pletion", None][state])
readline.parse_and_bind("bind ^I rl_complete" if readline.backend == "editline" else "tab: complete")
for number in range(4):
    print(f"<{input(f'{number}> ')!r}>", flush=True)
print(f"<{readline.backend} {readline.get_current_history_length()}>")
