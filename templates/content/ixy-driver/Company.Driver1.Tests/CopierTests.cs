using Ixy.Hosting;
using Ixy.Vfio;
using Xunit;

namespace Company_Driver1.Tests;

public sealed class CopierTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(Copier.Longest)]
    public void WhatIsCopiedArrives(int length)
    {
        byte[] from = [.. Enumerable.Range(0, length).Select(i => (byte)(7 * i + 3))], to = new byte[length];
        var card = new InProcessPciDevice("card", new CopierModel());
        using (var copier = new Copier(card))
        {
            // Twice, because something left over from the first time may be in the way.
            copier.Copy(new byte[length], to);
            copier.Copy(from, to);
        }
        Assert.Equal(from, to);
        // The card accessed only memory that it may access.
        Assert.Equal(0, card.Violations.Count);
    }

    [Fact]
    public void MoreThanTheCardTakesIsRefused()
    {
        using var copier = new Copier(new InProcessPciDevice("card", new CopierModel()));
        var tooMuch = new byte[Copier.Longest + 1];
        Assert.Throws<ArgumentException>(() => copier.Copy(tooMuch, tooMuch));
        Assert.Throws<ArgumentException>(() => copier.Copy(new byte[2], new byte[3]));
    }

    [Fact]
    public void AnotherCardIsNotDriven()
    {
        var error = Assert.Throws<PciDeviceException>(
            () => new Copier(new InProcessPciDevice("card", new CopierModel(identity: 0xBAD))));
        Assert.Equal("card says 0xbad: expected 0xc00001; is it another card?", error.Message);
    }

    [Fact]
    public void ACardThatDoesNotFinishIsNotWaitedForForever()
    {
        using var copier = new Copier(new InProcessPciDevice("card", new CopierModel { IsStuck = true }));
        Assert.Throws<TimeoutException>(() => copier.Copy(new byte[4], new byte[4]));
        // What the card does late must not be mistaken for the next copy.
        Assert.Throws<ObjectDisposedException>(() => copier.Copy(new byte[4], new byte[4]));
    }
}
