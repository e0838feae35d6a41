// The reference for `cnitap observe`: the same job with containerd/nri's stub, one logrus line per event.
package main

import (
	"context"
	"flag"
	"os"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"github.com/sirupsen/logrus"
)

type logger struct{}

// netns is the path of a pod's network namespace; a pod on the host's network has none.
func netns(pod *api.PodSandbox) string {
	for _, namespace := range pod.GetLinux().GetNamespaces() {
		if namespace.GetType() == "network" {
			return namespace.GetPath()
		}
	}
	return "<host-network>"
}

func (logger) Synchronize(_ context.Context, pods []*api.PodSandbox, containers []*api.Container) ([]*api.ContainerUpdate, error) {
	logrus.Infof("Synchronized state with the runtime (%d pods, %d containers)...", len(pods), len(containers))
	for _, pod := range pods {
		logrus.Infof("pod %s/%s: namespace=%s ips=%v", pod.GetNamespace(), pod.GetName(), netns(pod), pod.GetIps())
	}
	return nil, nil
}

func (logger) RunPodSandbox(_ context.Context, pod *api.PodSandbox) error {
	logrus.Infof("Started pod %s/%s: namespace=%s ips=%v", pod.GetNamespace(), pod.GetName(), netns(pod), pod.GetIps())
	return nil
}

func (logger) StopPodSandbox(_ context.Context, pod *api.PodSandbox) error {
	logrus.Infof("Stopped pod %s/%s: ips=%v", pod.GetNamespace(), pod.GetName(), pod.GetIps())
	return nil
}

func (logger) RemovePodSandbox(_ context.Context, pod *api.PodSandbox) error {
	logrus.Infof("Removed pod %s/%s: ips=%v", pod.GetNamespace(), pod.GetName(), pod.GetIps())
	return nil
}

func onClose() {
	logrus.Info("Connection to the runtime lost, exiting...")
	os.Exit(1)
}

func main() {
	index := flag.String("idx", "10", "the plugin's index, two digits")
	name := flag.String("name", "network-logger", "the plugin's name")
	socket := flag.String("socket", api.DefaultSocketPath, "the runtime's socket")
	flag.Parse()
	logrus.SetFormatter(&logrus.TextFormatter{PadLevelText: true})
	plugin, err := stub.New(logger{}, stub.WithPluginIdx(*index), stub.WithPluginName(*name),
		stub.WithSocketPath(*socket), stub.WithOnClose(onClose))
	if err != nil {
		logrus.Fatalf("Cannot make the plugin: %v", err)
	}
	if err := plugin.Run(context.Background()); err != nil {
		logrus.Fatalf("Cannot go on: %v", err)
	}
}
