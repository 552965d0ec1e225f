namespace Ixy.Tests;

public sealed class MacAddressTests
{
    [Fact]
    public void ReadsAndWritesTheUsualForm()
    {
        Assert.True(MacAddress.TryParse("02:00:5e:00:53:ff", out var address));
        Assert.Equal(0x02005E0053FFu, address.Value);
        Assert.Equal("02:00:5e:00:53:ff", address.ToString());
        byte[] wire = new byte[6];
        address.CopyTo(wire);
        Assert.Equal([0x02, 0x00, 0x5E, 0x00, 0x53, 0xFF], wire);
    }

    [Theory]
    [InlineData("")]
    [InlineData("02:00:5e:00:53")]
    [InlineData("02-00-5e-00-53-ff")]
    [InlineData("02:00:5e:00:53:fg")]
    [InlineData("02:00:5e:00:53:fff")]
    public void OtherFormsAreRefused(string text) => Assert.False(MacAddress.TryParse(text, out _));

    [Theory]
    [InlineData(0x020000000001, true, false)]
    [InlineData(0x010000000001, false, true)]
    [InlineData(0xFFFFFFFFFFFF, false, true)]
    [InlineData(0, false, false)]
    public void KnowsUnicastFromMulticast(long value, bool unicast, bool multicast)
    {
        var address = new MacAddress((ulong)value);
        Assert.Equal((unicast, multicast), (address.IsUnicast, address.IsMulticast));
    }
}
