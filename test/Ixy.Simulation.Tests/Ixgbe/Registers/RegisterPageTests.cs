using System.Text;
using System.Text.RegularExpressions;
using Ixy.Simulation.Ixgbe.Registers;

namespace Ixy.Simulation.Tests.Ixgbe.Registers;

/// <summary>
/// docs/82599-registers.md is generated from the code: the register table lists the registers, and a register counts as
/// modelled if the model's sources name it outside the tables.
/// </summary>
public sealed class RegisterPageTests
{
    private const string Variable = "IXY_WRITE_DOCS",
        Command = "IXY_WRITE_DOCS=1 dotnet test test/Ixy.Simulation.Tests --filter FullyQualifiedName~RegisterPageTests";

    [Fact]
    public void ThePageOfRegistersIsWhatTheCodeSays()
    {
        string path = Path.Combine(Checkout.Root, "docs", "82599-registers.md");
        string page = Write(CardRegisters.All, ModelSources());
        if (Environment.GetEnvironmentVariable(Variable) is "1") File.WriteAllText(path, page);
        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == page,
            $"docs/82599-registers.md is not what the code says: {Command}");
    }

    [Fact]
    public void WhatThePageSaysOfSomeRegistersIsKnown()
    {
        string page = Write(CardRegisters.All, ModelSources());
        Assert.Matches(@"\n\| RDT \| 0x01018, 0x0d018 \| 128 \| .* \| modelled \|", page);
        Assert.Matches(@"\n\| RXMEMWRAP \| 0x03190 \| 1 \| .* \| modelled \|", page);
        Assert.Matches(@"\n\| MREVID \| 0x11064 \| 1 \| .* \| constant \|", page);
        Assert.Matches(@"\n\| FCRETA \| 0x0ed10 \| 8 \| .* \| not modelled \|", page);
    }

    private static string ModelSources()
    {
        string folder = Path.Combine(Checkout.Root, "src", "Ixy.Simulation", "Ixgbe");
        var files = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetFileName(file).StartsWith("CardRegisters", StringComparison.Ordinal));
        string sources = string.Join('\n', files.Order(StringComparer.Ordinal).Select(File.ReadAllText));
        return Regex.Replace(sources, """//[^\n]*|"[^"\n]*"|^using [^\n]*""", "", RegexOptions.Multiline);
    }

    private static string Write(IReadOnlyList<Register> registers, string sources)
    {
        var words = Regex.Matches(sources, @"\b[A-Z][A-Z0-9]\w*\b").Select(match => match.Value).ToHashSet();
        var rows = registers.OrderBy(register => register.Offset)
            .Select(register => (Register: register, Kind: KindOf(register, words))).ToList();
        var page = new StringBuilder($"""
            # Registers of the simulated 82599

            Generated from the code by a test
            (`{Command}`);
            see [simulated-card.md](simulated-card.md).

            * *modelled*: reading or writing it has an effect.
            * *constant*: always reads its reset value, or 0 if it counts something that cannot happen here; writes change nothing.
            * *not modelled*: holds what is written to it, without any effect.

            An access where there is no register reads 0, and is noted. Of {rows.Count} kinds of registers {Of("modelled")} are modelled, {Of("constant")}
            constant and {Of("not modelled")} not modelled.

            | register | offset | count | access | reset | meaning | |
            |---|---|---|---|---|---|---|

            """);
        foreach (var (register, kind) in rows)
        {
            string second = register.Split < register.Count ? $", 0x{register.Upper:x5}" : AliasOf(register);
            page.Append(
                $"| {register.Name} | 0x{register.Offset:x5}{second} | {register.Count} | {Access(register.Access)} ")
                .Append($"| 0x{register.Reset:x} | {register.Meaning} | {kind} |\n");
        }
        return page.ToString();

        int Of(string kind) => rows.Count(row => row.Kind == kind);
    }

    private static string AliasOf(Register register) =>
        CardRegisters.Aliases.FirstOrDefault(alias => alias.Register == register) is { } alias
        ? $", 0x{alias.Offset:x5}" : "";

    private static string KindOf(Register register, HashSet<string> words) =>
        words.Contains(register.Name) ? "modelled"
        : register.Access is RegisterAccess.ReadWrite ? "not modelled"
        : "constant";

    private static string Access(RegisterAccess access) => access switch
    {
        RegisterAccess.ReadWrite => "RW",
        RegisterAccess.ReadOnly => "RO",
        RegisterAccess.WriteOnly => "WO",
        RegisterAccess.ReadClear => "RC",
        _ => "RC, W1C",
    };
}
