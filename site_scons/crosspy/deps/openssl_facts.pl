# Prints what Configure found out, as JSON, and the part of configdata.pm that templates need, as a module without any path.
#
#     perl openssl_facts.pl ./configdata.pm
use strict;
use warnings;
use Data::Dumper;
use JSON::PP;

require $ARGV[0];
no warnings 'once';
my (%config, %target) = ();
%config = %configdata::config;
%target = %configdata::target;
my $sourcedir = $config{sourcedir};
# what names this machine, its perl or its compiler
delete @config{qw(AR CC CXX PERL RANLIB build_file_templates build_infos builddir conf_files perl_archname perl_cmd perl_version perlargv
                  perlenv sourcedir)};
delete $target{_conf_fname_int};

$Data::Dumper::Sortkeys = 1;
$Data::Dumper::Indent = 1;
my $module = "package configdata;\nuse Exporter;\nuse lib \"\$ENV{OPENSSL_TREE}/util/perl\";\nour \@ISA = qw(Exporter);\n"
    . "our \@EXPORT = qw(%config %target %disabled %withargs %unified_info);\nour %unified_info = ();\n";
for (['config', \%config], ['target', \%target], ['disabled', \%configdata::disabled], ['withargs', \%configdata::withargs]) {
    my $text = Data::Dumper->new([$_->[1]])->Terse(1)->Sortkeys(1)->Indent(1)->Dump;
    $module .= "our %$_->[0] = %{ +$text};\n";
}
$module .= "\$config{sourcedir} = \$ENV{OPENSSL_TREE};\n\$config{builddir} = 'generated';\n1;\n";
my %facts = (module => $module, sourcedir => $sourcedir, config => \%config, target => \%target);
$facts{$_} = $configdata::unified_info{$_} for qw(defines depends generate includes sources);
print JSON::PP->new->canonical->encode(\%facts);
