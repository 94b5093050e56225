# Runs a perlasm script, and hides the symbols that it defines: what is static belongs to one module, as -fvisibility=hidden does for C.
#
#     perl openssl_hidden.pl SCRIPT WORDS... OUTPUT
use strict;
use warnings;

system($^X, @ARGV) == 0 or exit 1;
my $output = $ARGV[-1];
open(my $in, '<', $output) or die "$output: $!\n";
my @lines = <$in>;
close($in);
open(my $out, '>', $output) or die "$output: $!\n";
for (@lines) {
    print $out $_;
    print $out "\n" if /\.globa?l/ && !/\n\z/;
    print $out ".hidden\t$1\n" if /^\s*\.globa?l\s+([\w.\$]+)/;
}
close($out) or die "$output: $!\n";
