using FsCheck;
using FsCheck.Fluent;
using Ixy.Hosting.Pci;

namespace Ixy.Hosting.Tests.Pci;

/// <summary>
/// Write masks of configuration space, for any register layout and any access (PCI Express Base 2.0, 7.4).
/// </summary>
public sealed class ConfigurationSpaceTests
{
    private sealed record Layout(uint Initial, uint Writable, uint ClearedByOne, uint Sticky);

    private sealed record Access(int Offset, int Size, uint Value);

    private static readonly Gen<uint> s_word = Gen.Choose(0, 0xFFFF).Two()
        .Select(halves => (uint)halves.Item1 << 16 | (uint)halves.Item2);

    private static readonly Gen<Layout> s_layout =
        from words in s_word.Four()
        select new Layout(words.Item1, words.Item2, words.Item3 & ~words.Item2, words.Item4);

    // Any access within the register, including unaligned ones.
    private static readonly Gen<Access> s_access =
        from size in Gen.Elements(1, 2, 4)
        from offset in Gen.Choose(0, 4 - size)
        from value in s_word
        select new Access(offset, size, value);

    private const int At = 0x80;

    private static ConfigurationSpace Space(Layout layout)
    {
        var config = new ConfigurationSpace(256);
        config.Define(At, 4, layout.Initial, layout.Writable, layout.ClearedByOne, layout.Sticky);
        return config;
    }

    private static uint Lanes(Access access) =>
        (access.Size == 4 ? uint.MaxValue : (1u << 8 * access.Size) - 1) << 8 * access.Offset;

    [Fact]
    public void AWriteTouchesOnlyItsBytesAndOnlyAsTheirBitsAllow() =>
        Prop.ForAll((from layout in s_layout from access in s_access select (layout, access)).ToArbitrary(), pair =>
        {
            var (layout, access) = pair;
            var config = Space(layout);
            config.Write(At + access.Offset, access.Value, access.Size);
            uint lanes = Lanes(access), written = access.Value << 8 * access.Offset & lanes;
            uint expected = layout.Initial & ~(layout.Writable & lanes) | written & layout.Writable;
            return config.Read(At, 4) == (expected & ~(written & layout.ClearedByOne));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void AReadGivesItsBytesOfTheRegister() =>
        Prop.ForAll((from layout in s_layout from access in s_access select (layout, access)).ToArbitrary(), pair =>
        {
            var (layout, access) = pair;
            return Space(layout).Read(At + access.Offset, access.Size) == (layout.Initial & Lanes(access)) >> 8
                * access.Offset;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void AResetBringsBackAllButStickyBits() =>
        Prop.ForAll((from layout in s_layout from access in s_access select (layout, access)).ToArbitrary(), pair =>
        {
            var (layout, access) = pair;
            var config = Space(layout);
            config.Write(At + access.Offset, access.Value, access.Size);
            uint before = config.Read(At, 4);
            config.Reset();
            return config.Read(At, 4) == (before & layout.Sticky | layout.Initial & ~layout.Sticky);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void ReadOnlyNeighboursOfARegisterStayAsTheyAre() =>
        Prop.ForAll(s_word.ToArbitrary(), value =>
        {
            var config = new ConfigurationSpace(256);
            config.Define(At, 2, 0x1234, writable: 0xFFFF);
            config.Define(At + 2, 2, 0x5678);
            config.Write(At, value, 4);
            return config.Read(At + 2, 2) == 0x5678 && config.Read(At, 2) == (value & 0xFFFF);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void BeyondTheSpaceThereAreOnlyOnes()
    {
        var config = new ConfigurationSpace(256);
        config.Write(256, 0, 4);
        Assert.Equal(uint.MaxValue, config.Read(256, 4));
        Assert.Equal(0xFFFFu, config.Read(0xFFE, 2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    public void OtherSizesAreNoAccess(int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConfigurationSpace(256).Read(0, size));

    [Fact]
    public void CapabilitiesAreLinkedInTheOrderTheyAreAdded()
    {
        var config = new ConfigurationSpace(4096);
        config.AddCapability(0x01, 0x40);
        config.AddCapability(0x11, 0x70);
        config.AddExtendedCapability(0x0001, 1, 0x100);
        config.AddExtendedCapability(0x0003, 1, 0x140);
        Assert.Equal(0x40u, config.Read(0x34, 1));
        Assert.Equal(0x7001u, config.Read(0x40, 2));
        Assert.Equal(0x0011u, config.Read(0x70, 2));
        Assert.Equal(0x1401_0001u, config.Read(0x100, 4));
        Assert.Equal(0x0001_0003u, config.Read(0x140, 4));
    }
}
