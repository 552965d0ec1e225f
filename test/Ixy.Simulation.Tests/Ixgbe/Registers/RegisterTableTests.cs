using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;

namespace Ixy.Simulation.Tests.Ixgbe.Registers;

/// <summary>
/// Chapter 8 as a whole: the table is consistent, and registers without behaviour of their own match it.
/// </summary>
public sealed class RegisterTableTests
{
    [Fact]
    public void NoTwoRegistersOverlapAndAllAreWordsInsideTheBar()
    {
        var owners = new Dictionary<uint, string>();
        foreach (var register in CardRegisters.All)
        {
            foreach (uint offset in Places(register))
            {
                Assert.True(
                    offset % 4 == 0 && offset < IxgbeCard.RegisterBarLength, $"{register.Name} at 0x{offset:x}");
                Assert.True(
                    owners.TryAdd(offset, register.Name),
                    $"{register.Name} and {owners[offset]} are both at 0x{offset:x}");
            }
        }
        Assert.True(owners.Count > 3000, $"only {owners.Count} registers"); // The datasheet has about 3,800 registers.
    }

    [Fact]
    public void NamesAreUniqueAndMeaningsSayWhereTheyComeFrom()
    {
        Assert.Equal(CardRegisters.All.Count, CardRegisters.All.Select(register => register.Name).Distinct().Count());
        Assert.All(CardRegisters.All, register => Assert.Matches(@"\((\d+\.\d|X5[45]0)", register.Meaning));
    }

    [Fact]
    public void PlainRegistersHoldWhatTheirAccessKindSays()
    {
        using var file = new RegisterFile(IxgbeCard.RegisterBarLength, CardRegisters.All, CardRegisters.Aliases);
        foreach (var register in CardRegisters.All)
        {
            foreach (uint offset in Places(register)) CheckAccessKind(file, register, offset);
        }
    }

    [Fact]
    public void PowerOnValuesAreReadThroughTheBar()
    {
        // Registers without behaviour of their own: what software reads before it writes anything (chapter 8).
        using var bench = new CardBench();
        foreach (var register in CardRegisters.Of(bench.Card.Options))
        {
            if (register.Access is not (RegisterAccess.ReadWrite or RegisterAccess.ReadOnly) || register.Reset == 0)
                continue;
            if (register.Name is "STATUS" or "EEC" or "EERD" or "LINKS" or "I2CCTL" or "ESDP" or "EEMNGCTL" or "RDRXCTL"
                or "RXPBSIZE" or "TXPBTHRESH") continue;
            foreach (uint offset in Places(register))
            {
                uint value = bench.Read(offset);
                Assert.True(
                    value == register.Reset,
                    $"{register.Name} at 0x{offset:x} reads 0x{value:x}, not 0x{register.Reset:x}");
            }
        }
    }

    [Fact]
    public void AWriteThroughABarWindowReachesEachPlainRegisterOnce()
    {
        // Every element of an array has its own word (8.2.3: stride and second halves).
        using var file = new RegisterFile(IxgbeCard.RegisterBarLength, CardRegisters.All, CardRegisters.Aliases);
        uint value = 1;
        var written = new List<(uint Offset, uint Value)>();
        foreach (var register in CardRegisters.All.Where(register => register.Access == RegisterAccess.ReadWrite))
        {
            for (int index = 0; index < register.Count; index++)
            {
                file.Write(register[index], ++value);
                written.Add((register[index], value));
            }
        }
        Assert.All(written, place => Assert.Equal(place.Value, file.Read(place.Offset)));
    }

    private static void CheckAccessKind(RegisterFile file, Register register, uint offset)
    {
        const uint pattern = 0xA5A5_5A5A;
        file.Reset();
        file.Write(offset, pattern);
        uint first = file.Read(offset), second = file.Read(offset);
        var (expected, then) = register.Access switch
        {
            RegisterAccess.ReadWrite => (pattern, pattern),
            RegisterAccess.ReadOnly => (register.Reset, register.Reset),
            RegisterAccess.WriteOnly => (0u, 0u),
            RegisterAccess.ReadClear => (register.Reset, 0u),
            _ => (register.Reset & ~pattern, 0u),
        };
        Assert.True(
            (first, second) == (expected, then), $"{register.Name} at 0x{offset:x}: 0x{first:x} then 0x{second:x}");
    }

    private static IEnumerable<uint> Places(Register register)
    {
        for (int index = 0; index < register.Count; index++) yield return register[index];
        foreach (var alias in CardRegisters.Aliases.Where(alias => alias.Register == register))
        {
            for (int index = 0; index < alias.Count; index++) yield return alias.Offset + (uint)index * alias.Stride;
        }
    }
}
