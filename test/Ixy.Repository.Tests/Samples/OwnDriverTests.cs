using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Samples;

/// <summary>
/// <c>samples/own-driver.cs</c>, a driver on Ixy.Vfio alone, on a simulated card. docs/second-judge.md runs it on
/// another card.
/// </summary>
public sealed class OwnDriverTests
{
    // It prints every rule it breaks, and fails.
    [Fact]
    public void WhatItSendsComesBackAndNoRuleIsBroken()
    {
        var (exitCode, output, error) =
            SamplePrograms.Run("own-driver", "sim:ixgbe,wire=loopback,mac=02:00:5e:00:53:01", "5");
        Assert.Equal(("", 0), (error, exitCode));
        Assert.Equal(
            [.. Enumerable.Repeat("60 bytes from 02005E005301", 5), "5 frames sent, 5 reported as sent, 5 received"],
            output.TrimEnd('\n').Split('\n'));
    }

    // More frames than it has descriptors, so its ring wraps around.
    [Fact]
    public void ItReceivesMoreThanARingful()
    {
        var (exitCode, output, error) = SamplePrograms.Run("own-driver", "sim:ixgbe,wire=generator,rate=1kpps", "150");
        Assert.Equal(("", 0), (error, exitCode));
        // Frames that arrive in the meantime are received too.
        var received = Regex.Match(output, @"\n5 frames sent, 5 reported as sent, (\d+) received\n$");
        Assert.True(received.Success && int.Parse(received.Groups[1].Value) >= 150, output);
    }

    [Fact]
    public void ACardThatItDoesNotKnowIsNamed() => Assert.Equal(
        (1, "", "sim:virtio,wire=loopback is 1af4:1041: expected 8086:10fb or 8086:10c9\n"),
        SamplePrograms.Run("own-driver", "sim:virtio,wire=loopback", "1"));
}
