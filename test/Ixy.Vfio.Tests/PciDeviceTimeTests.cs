namespace Ixy.Vfio.Tests;

/// <summary>Waiting for a device on a clock that only moves when the test says so.</summary>
public sealed class PciDeviceTimeTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(10);

    // Reading a register may take any length of time. What the read saw before the timeout says nothing about the state
    // when the timeout expires.
    [Fact]
    public void WhatALookSawThatTookTooLongIsNotTheLastWord()
    {
        using var device = new ClockedDevice();
        int looks = 0;
        bool isDone = device.WaitUntil(() =>
        {
            bool wasDone = device.Passed >= TimeSpan.FromMilliseconds(1);
            if (++looks == 1) device.TryPass(2 * s_timeout);
            return wasDone;
        }, s_timeout);
        Assert.True(isDone, $"gave up after {looks} looks");
        Assert.Equal(2, looks);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void TheLastLookIsWhenTheTimeIsOver(int milliseconds)
    {
        using var device = new ClockedDevice();
        var timeout = TimeSpan.FromMilliseconds(milliseconds);
        var lastLook = TimeSpan.MinValue;
        Assert.False(device.WaitUntil(() =>
        {
            lastLook = device.Passed;
            return false;
        }, timeout));
        Assert.Equal(timeout, lastLook);
    }

    [Fact]
    public void NobodyWaitsForWhatIsDone()
    {
        using var device = new ClockedDevice();
        Assert.True(device.WaitUntil(() => true, TimeSpan.Zero));
        Assert.Equal(TimeSpan.Zero, device.Passed);
    }

    private sealed class ClockedDevice : PciDevice
    {
        private readonly ManualClock _clock = new();

        internal TimeSpan Passed => _clock.Now;

        public override TimeProvider Clock => _clock;

        public override string Name => "clocked";

        public override bool DeviceAddressIsVirtual => true;

        public override bool TryPass(TimeSpan longest)
        {
            _clock.Now += longest;
            return true;
        }

        public override uint ReadConfig(int offset, int size) => 0;

        public override void WriteConfig(int offset, uint value, int size)
        {
            // There is nothing to do.
        }

        public override PciBar OpenBar(int index) => throw new NotSupportedException();

        protected internal override void MapDma(DmaChunk chunk) => throw new NotSupportedException();

        protected internal override void UnmapDma(DmaChunk chunk) => throw new NotSupportedException();

        protected override void Close()
        {
            // As above.
        }
    }
}
