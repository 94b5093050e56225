# Runs a perlasm script, or takes assembler that was written by hand, and hides the symbols that it defines: what is static belongs to one
# module, as -fvisibility=hidden does for C.
#
#     perl openssl_hidden.pl SCRIPT WORDS... OUTPUT
#     perl openssl_hidden.pl SOURCE.S OUTPUT
#
# MIPS: LLVM's assembler makes half an address of `la $6,K256` when it has not yet seen that K256 is local (it leaves R_MIPS_LO16 out, and the
# program ends with SIGSEGV); so the file says so at its head.
use strict;
use warnings;

my $output = $ARGV[-1];
my $source = $ARGV[0] =~ /\.s\z/i ? $ARGV[0] : $output;
system($^X, @ARGV) == 0 or exit 1 if $source eq $output;
open(my $in, '<', $source) or die "$source: $!\n";
my @lines = <$in>;
close($in);
my %global = map { /^\s*\.globa?l\s+([\w.\$]+)/ ? ($1 => 1) : () } @lines;
my %label = map { /^(\w+):/ ? ($1 => 1) : () } @lines;
my %loaded = map { /^\s*d?la\s+\$\w+,\s*(\w+)/ ? ($1 => 1) : () } @lines;
open(my $out, '>', $output) or die "$output: $!\n";
print $out ".local\t$_\n" for grep { $label{$_} && !$global{$_} } sort keys %loaded;
for (@lines) {
    print $out $_;
    print $out "\n" if /\.globa?l/ && !/\n\z/;
    print $out ".hidden\t$1\n" if /^\s*\.globa?l\s+([\w.\$]+)/;
}
close($out) or die "$output: $!\n";
