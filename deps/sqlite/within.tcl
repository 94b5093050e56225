# within.tcl FOLDER OUTPUT PRODUCT SCRIPT ARGUMENT...: runs one of upstream's scripts in a folder, as main.mk does in the build
# folder; its product becomes the output ("" where the script takes the output's name itself).
set within_output [lindex $argv 1]
set within_product [lindex $argv 2]
set within_script [lindex $argv 3]
cd [lindex $argv 0]
set argv [lrange $argv 4 end]
set argc [llength $argv]
source $within_script
if {$within_product ne ""} {
  file rename -force $within_product $within_output
}
