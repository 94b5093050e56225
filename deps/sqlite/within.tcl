# within.tcl FOLDER OUTPUT PRODUCT SCRIPT ARGUMENT...: runs one of upstream's scripts in a folder, as main.mk does in the build
# folder; its product becomes the output ("" where the script takes the output's name itself).
set within_words {}
foreach within_word $argv { # paths stay what they are when the folder changes
  if {[string match */* $within_word] && ![string match /* $within_word]} {
    set within_word [pwd]/$within_word
  }
  lappend within_words $within_word
}
set within_output [lindex $within_words 1]
set within_product [lindex $within_words 2]
set within_script [lindex $within_words 3]
cd [lindex $within_words 0]
set argv [lrange $within_words 4 end]
set argc [llength $argv]
source $within_script
if {$within_product ne ""} {
  file rename -force $within_product $within_output
}
