# Runs a perlasm script, or takes assembler that was written by hand, and hides the symbols that it defines: what is static belongs to one
# module, as -fvisibility=hidden does for C.
#
#     perl openssl_hidden.pl SCRIPT WORDS... OUTPUT
#     perl openssl_hidden.pl SOURCE.S OUTPUT
use strict;
use warnings;

my $output = $ARGV[-1];
my $source = $ARGV[0] =~ /\.s\z/i ? $ARGV[0] : $output;
system($^X, @ARGV) == 0 or exit 1 if $source eq $output;
open(my $in, '<', $source) or die "$source: $!\n";
my @lines = <$in>;
close($in);
open(my $out, '>', $output) or die "$output: $!\n";
for (@lines) {
    print $out $_;
    print $out "\n" if /\.globa?l/ && !/\n\z/;
    print $out ".hidden\t$1\n" if /^\s*\.globa?l\s+([\w.\$]+)/;
}
close($out) or die "$output: $!\n";
