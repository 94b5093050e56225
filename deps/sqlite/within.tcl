# within.tcl FOLDER OUTPUT PRODUCT SCRIPT ARGUMENT...: runs one of upstream's scripts in a folder, as main.mk does in the build
# folder, which is one below; its product becomes the output ("" where the script takes the output's name itself).
set within_words {}
foreach within_word $argv { # seen from that folder; no path is absolute, since the scripts split lists of paths at spaces
  if {[string match */* $within_word] && ![string match /* $within_word]} {
    set within_word ../$within_word
  }
  lappend within_words $within_word
}
# mkfts5c.tcl would make its own path absolute.
rename file within_file
proc file {what args} {
  if {$what eq "normalize"} {
    return [lindex $args 0]
  }
  tailcall within_file $what {*}$args
}
set within_output [lindex $within_words 1]
set within_product [lindex $within_words 2]
set within_script [lindex $within_words 3]
cd [lindex $argv 0]
set argv [lrange $within_words 4 end]
set argc [llength $argv]
source $within_script
if {$within_product ne ""} {
  file rename -force $within_product $within_output
}
