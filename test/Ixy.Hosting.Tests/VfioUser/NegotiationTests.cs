using System.Text;
using static Ixy.Testing.RawClient;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>VERSION, and what may come before and after it.</summary>
public sealed class NegotiationTests
{
    private const int EINVAL = 22, EOPNOTSUPP = 95;

    [Fact]
    public void TheServerAnswersWithItsLimits()
    {
        using var bench = new ServerBench(negotiate: false);
        // As QEMU 10.1 does; its reply buffer is as long as its request.
        string json =
            "{\"capabilities\": {\"migration\": {\"max_bitmap_size\": 268435456, \"pgsize\": 4096}, \"max_msg_fds\": "
            + "16, " +
            "\"max_data_xfer_size\": 1048576, \"pgsizes\": 4096, \"max_dma_maps\": 65535, \"write_multiple\": true}}";
        var reply = bench.Client.Negotiate(json);
        Assert.Equal([0, 0, 0, 0], reply.Payload[..4]);
        Assert.Equal(0, reply.Payload[^1]);
        Assert.True(reply.Payload.Length <= json.Length + 5, "QEMU takes no longer reply");
        Assert.Equal("{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,\"max_dma_maps\":49152,\"pgsizes\":4096,\"write_multiple\":true}}",
            Encoding.UTF8.GetString(reply.Payload[4..^1]));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    public void TheMinorVersionIsTheLowerOne(int asked, int given)
    {
        using var bench = new ServerBench(negotiate: false);
        Assert.Equal(
            (ushort)given,
            BitConverter.ToUInt16(bench.Client.Ask(RawClient.Version, Bytes((ushort)0, (ushort)asked)).Payload, 2));
    }

    [Fact]
    public void WithoutCapabilitiesNothingIsOfferedThatWasNotAskedFor()
    {
        using var bench = new ServerBench(negotiate: false);
        string json = Encoding.UTF8.GetString(
            bench.Client.Ask(RawClient.Version, Bytes((ushort)0, (ushort)1)).Payload[4..^1]);
        Assert.DoesNotContain("write_multiple", json);
        Assert.DoesNotContain("twin_socket", json);
    }

    // The number is an unsigned 64-bit mask: a client that maps anything aligned to 4 KiB sets all bits from 12 up.
    [Fact]
    public void AnyPageSizeMayBeAmongThem()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Negotiate("{\"capabilities\":{\"pgsizes\":18446744073709547520}}");
    }

    [Fact]
    public void AnotherMajorVersionEndsTheConnection()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Refused(EOPNOTSUPP, RawClient.Version, Bytes((ushort)1, (ushort)0));
        bench.Client.AssertClosed();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{\"capabilities\":[]}")]
    [InlineData("{\"capabilities\":{\"max_msg_fds\":\"8\"}}")]
    [InlineData("{\"capabilities\":{\"max_msg_fds\":-1}}")]
    [InlineData("{\"capabilities\":{\"max_data_xfer_size\":0}}")]
    [InlineData("{\"capabilities\":{\"max_data_xfer_size\":1e30}}")]
    [InlineData("{\"capabilities\":{\"pgsizes\":1.5}}")]
    [InlineData("{\"capabilities\":{\"twin_socket\":3}}")]
    [InlineData("{}\0{}")]
    public void WhatIsNoVersionDataEndsTheConnection(string json)
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Refused(EINVAL, RawClient.Version, Bytes((ushort)0, (ushort)0, json, (byte)0));
        bench.Client.AssertClosed();
    }

    [Fact]
    public void TextWithoutItsEndIsNone()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Refused(EINVAL, RawClient.Version, Bytes((ushort)0, (ushort)0, "{}"));
        bench.Client.AssertClosed();
    }

    [Fact]
    public void NothingGoesBeforeTheVersionAndItGoesOnce()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Refused(EINVAL, GetInfo, Bytes(16, 0, 0, 0));
        bench.Client.Refused(EINVAL, Reset, []);
        bench.Client.Negotiate();
        bench.Client.Refused(EINVAL, RawClient.Version, Bytes((ushort)0, (ushort)0));
        bench.Client.Ask(Reset, []);
    }
}
