# amalgamate.tcl SCRIPT FOLDER OUTPUT FILE...: copies files into FOLDER/tsrc, where upstream's mksqlite3c.tcl, the script, looks for
# them, and runs it (main.mk, the targets .target_source and sqlite3.c).
set amalgamate_words {}
foreach name $argv { # paths stay what they are when the folder changes
  if {[string match */* $name] && ![string match /* $name]} {
    set name [pwd]/$name
  }
  lappend amalgamate_words $name
}
set argv $amalgamate_words
set amalgamate_script [lindex $argv 0]
set amalgamate_output [lindex $argv 2]
cd [lindex $argv 1]
file delete -force tsrc
file mkdir tsrc
foreach name [lrange $argv 3 end] {
  file copy $name tsrc/[file tail $name]
}
set argv {}
set argc 0
source $amalgamate_script
file rename -force sqlite3.c $amalgamate_output
file delete -force tsrc
