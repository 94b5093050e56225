"""Shows a screen through curses, tells which key came, and ends it."""
import curses
import curses.ascii
import curses.panel


def shown(screen: curses.window) -> str:
    curses.curs_set(0)
    curses.start_color()
    curses.init_pair(1, curses.COLOR_RED, curses.COLOR_BLUE)
    screen.addstr(2, 5, "wide: ä€", curses.color_pair(1) | curses.A_BOLD)
    window = curses.newwin(3, 20, 6, 10)
    window.box()
    window.addstr(1, 1, "a panel")
    panel = curses.panel.new_panel(window)
    panel.show()
    curses.panel.update_panels()
    curses.doupdate()
    keys = [screen.get_wch() for _ in range(3)]
    return f"{screen.getmaxyx()} {curses.has_colors()} {[curses.keyname(key).decode() if isinstance(key, int) else key for key in keys]}"


told = curses.wrapper(shown)
print(f"<{told} {curses.termname().decode()}>")
